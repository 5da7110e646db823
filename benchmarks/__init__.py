"""What composegen costs, beside named peers."""

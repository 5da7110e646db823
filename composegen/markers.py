"""The lines that enclose a block which composegen owns in a file of the user's."""

BEGIN = "# >>> composegen: made by `composegen build`; what you write outside of this block stays"
END = "# <<< composegen"

"""Deploys: what is wanted, what runs, the plan between the two, and what carries it out."""

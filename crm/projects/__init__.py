"""What happens after the sale: projects with their steps, and what customers say when they are done."""

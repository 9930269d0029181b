"""The commands of `python main.py`, one file each."""

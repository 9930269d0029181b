"""The platforms customers write on, one file or package each."""

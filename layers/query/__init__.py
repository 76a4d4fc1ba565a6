"""What is asked of rows: filters, and the rows that an actor may see."""

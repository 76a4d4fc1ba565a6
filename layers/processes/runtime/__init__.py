"""What every process needs: its model, its sources, its run and its description."""

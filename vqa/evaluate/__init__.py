"""How right the answers and how true the maps are, how near the shared space's halves, and how fast it all is."""

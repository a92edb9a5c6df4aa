"""What benchmarks/peers.py is made of: peers in environments of their own, measured in turns with ours."""

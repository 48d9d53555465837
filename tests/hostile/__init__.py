"""Bad input and secrets: what a careless or hostile world may send, ask and overhear."""

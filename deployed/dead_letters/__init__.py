"""Dead letters: messages that could not be delivered or understood, where they are kept, and how to send them back."""

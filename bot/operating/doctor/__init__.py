"""What a support person would look at; nothing is sent, and nothing is changed."""

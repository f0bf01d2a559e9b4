"""The summarizer: selects the sentences that matter and shortens them."""

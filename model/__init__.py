"""The multimodal model: network, data sets, the two training steps, evaluation, and the server with TGI's HTTP API."""

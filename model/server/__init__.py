"""The model behind Text Generation Inference's HTTP API, so that a caller cannot tell it from TGI itself."""

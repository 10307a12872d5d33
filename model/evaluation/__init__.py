"""How good the model is: figures with intervals, steadiness, calibration, the paper's study, and pictures of it all."""

"""What dermatologists do with the library in their chat; who is not on its list sees nothing of it."""

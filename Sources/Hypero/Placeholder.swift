// Hypero

// QuernVectors

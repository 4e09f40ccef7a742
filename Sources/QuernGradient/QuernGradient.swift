// QuernGradient

// QuernLayers

// QuernPasses

// QuernData

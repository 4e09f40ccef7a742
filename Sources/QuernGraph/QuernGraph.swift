// QuernGraph

// QuernInterpreter

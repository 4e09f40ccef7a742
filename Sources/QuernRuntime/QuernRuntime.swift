// QuernRuntime

// QuernCodegen

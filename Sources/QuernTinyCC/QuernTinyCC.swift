// QuernTinyCC

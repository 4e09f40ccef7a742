// QuernTraining

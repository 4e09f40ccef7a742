// Quern

import QuernDrawing
import Testing

import QuernGraph

extension Executable {
  /// The value of a `float32` scalar; allocates nothing, unlike ``floats(_:)``.
  func scalar(_ name: String) throws -> Float {
    var value: Float = 0
    try withUnsafeMutableBytes(of: &value) { try read(name, into: $0) }
    return value
  }

  func writeScalar<Value: BitwiseCopyable>(_ name: String, _ value: Value) throws {
    try withUnsafeBytes(of: value) { try write(name, from: $0) }
  }
}

extension Duration {
  var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) * 1e-18
  }
}

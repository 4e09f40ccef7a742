import QuernErrors

/// A graph that can be run: by the interpreter, or as native code.
///
/// Tensors are written and read by name, densely, row-major, in the order of the graph's shapes,
/// however the executable keeps them itself.
public protocol Executable: AnyObject {
  var graph: Graph { get }

  /// Sets an input (data, parameter, state or hyperparameter).
  ///
  /// - Throws: `QuernError` where there is no such input or the byte count differs.
  func write(_ name: String, from bytes: UnsafeRawBufferPointer) throws

  /// Sets all elements of an input to zero.
  ///
  /// - Throws: `QuernError` where there is no such input.
  func clear(_ name: String) throws

  /// Copies an input's present value or an output of the last step.
  ///
  /// - Throws: `QuernError` where there is no such tensor or the byte count differs.
  func read(_ name: String, into bytes: UnsafeMutableRawBufferPointer) throws

  /// Computes all outputs, then replaces the inputs that have updates.
  func run() throws
}

extension Executable {
  /// The type of the input or output with this name.
  public func type(of name: String) throws -> TensorType {
    if let id = graph.input(named: name) ?? graph.output(named: name) { return graph[id].type }
    let names = graph.inputs.map(\.input.name) + graph.outputs.map(\.name)
    throw QuernError(
      name, "there is no such input or output",
      remedy: "use one of \(names.joined(separator: ", "))")
  }

  /// Writes as many zeros as the input has elements; executables may have a shorter way.
  public func clear(_ name: String) throws {
    let zeros = [UInt8](repeating: 0, count: try type(of: name).byteCount)
    try zeros.withUnsafeBytes { try write(name, from: $0) }
  }

  /// Sets a `float32` input; values are row-major.
  ///
  /// - Throws: `QuernError` where there is no such input, or its type or size is another.
  public func write(_ name: String, _ values: [Float]) throws {
    try check(name, .float32)
    try values.withUnsafeBytes { try write(name, from: $0) }
  }

  /// Sets an `int32` input; values are row-major.
  ///
  /// - Throws: as for `float32`.
  public func write(_ name: String, _ values: [Int32]) throws {
    try check(name, .int32)
    try values.withUnsafeBytes { try write(name, from: $0) }
  }

  /// Sets a `float32` input of one element.
  ///
  /// - Throws: `QuernError` where it has more.
  public func write(_ name: String, _ value: Float) throws { try write(name, [value]) }

  /// The values of a `float32` input or output, row-major.
  ///
  /// - Throws: `QuernError` where there is none, or its type is another.
  public func floats(_ name: String) throws -> [Float] {
    let type = try check(name, .float32)
    var values = [Float](repeating: 0, count: type.shape.elementCount)
    try values.withUnsafeMutableBytes { try read(name, into: $0) }
    return values
  }

  /// The values of an `int32` input or output, row-major.
  ///
  /// - Throws: `QuernError` where there is none, or its type is another.
  public func integers(_ name: String) throws -> [Int32] {
    let type = try check(name, .int32)
    var values = [Int32](repeating: 0, count: type.shape.elementCount)
    try values.withUnsafeMutableBytes { try read(name, into: $0) }
    return values
  }

  @discardableResult
  private func check(_ name: String, _ element: ElementType) throws -> TensorType {
    let type = try type(of: name)
    guard type.element == element else {
      throw QuernError(
        name, "it holds \(type.element.rawValue), not \(element.rawValue)",
        remedy: "use the tensor's own type")
    }
    return type
  }
}

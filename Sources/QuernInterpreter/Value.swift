import QuernGraph

/// The elements of one tensor, dense and row-major; only the buffer of its element type is used.
final class Value<Scalar: BinaryFloatingPoint & Sendable> {
  let element: ElementType
  let count: Int
  private let memory: UnsafeMutableRawPointer

  init(_ type: TensorType) {
    element = type.element
    count = type.shape.elementCount
    let size = type.element == .float32 ? MemoryLayout<Scalar>.stride : type.element.byteCount
    memory = .allocate(byteCount: count * size, alignment: 64)
    switch element {
    case .float32: memory.initializeMemory(as: Scalar.self, repeating: 0, count: count)
    case .int32: memory.initializeMemory(as: Int32.self, repeating: 0, count: count)
    case .uint8: memory.initializeMemory(as: UInt8.self, repeating: 0, count: count)
    }
  }

  deinit { memory.deallocate() }

  var floats: UnsafeMutablePointer<Scalar> { memory.assumingMemoryBound(to: Scalar.self) }
  var integers: UnsafeMutablePointer<Int32> { memory.assumingMemoryBound(to: Int32.self) }
  var bytes: UnsafeMutablePointer<UInt8> { memory.assumingMemoryBound(to: UInt8.self) }

  /// All elements as scalars.
  var scalars: [Scalar] {
    switch element {
    case .float32: (0..<count).map { floats[$0] }
    case .int32: (0..<count).map { Scalar(integers[$0]) }
    case .uint8: (0..<count).map { Scalar(bytes[$0]) }
    }
  }

  /// Takes over the elements of a tensor of the same element type and count.
  func copy(_ other: Value) {
    switch element {
    case .float32: floats.update(from: other.floats, count: count)
    case .int32: integers.update(from: other.integers, count: count)
    case .uint8: bytes.update(from: other.bytes, count: count)
    }
  }

  /// The elements of a constant or iota, which no run changes.
  func fill(_ node: Node) {
    switch node.op {
    case .constant(let value):
      switch element {
      case .float32: floats.update(repeating: Scalar(value), count: count)
      case .int32: integers.update(repeating: Int32(value), count: count)
      case .uint8: bytes.update(repeating: UInt8(value), count: count)
      }
    case .iota(let dimension):
      let stride = dimension.map { node.shape.strides[$0] } ?? 1
      let extent = dimension.map { node.shape[$0] } ?? count
      for i in 0..<count { integers[i] = Int32(i / stride % extent) }
    default: break
    }
  }
}

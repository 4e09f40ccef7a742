/// What one element of a tensor is.
///
/// `float32` is the type networks compute in. The interpreter also runs a graph's `float32` tensors
/// in double precision, which is what gradients are checked against.
public enum ElementType: String, Hashable, Sendable, CaseIterable, Codable {
  case float32, int32, uint8

  /// Bytes an element takes in memory.
  public var byteCount: Int { self == .uint8 ? 1 : 4 }
}

import QuernErrors

/// The contents of a safetensors file: named tensors, and a map of strings about them.
///
/// The format (<https://github.com/huggingface/safetensors>): eight bytes, the header's length,
/// little-endian; the header, in JSON, with element type, shape and place of each tensor; the
/// elements, little-endian, the last extent running fastest.
public struct Safetensors: Sendable, Equatable {
  /// The tensors by name.
  public var tensors: [String: Tensor]
  /// Strings about them, which stand under `__metadata__` in the header.
  public var metadata: [String: String]
  /// The file that this was read from, for messages.
  var source = "safetensors"

  public init(tensors: [String: Tensor] = [:], metadata: [String: String] = [:]) {
    self.tensors = tensors
    self.metadata = metadata
  }

  public static func == (left: Safetensors, right: Safetensors) -> Bool {
    left.tensors == right.tensors && left.metadata == right.metadata
  }

  /// The key of the header that holds ``metadata``; no tensor can bear it.
  static let metadataKey = "__metadata__"

  /// The tensor called `name`.
  /// - Parameters:
  ///   - name: as in ``tensors``.
  ///   - shape: what its shape has to be; nil accepts any.
  ///   - elementTypes: what its elements may be; nil accepts any.
  /// - Throws: `QuernError` if there is none, or if its shape or its elements are others.
  public func tensor(
    _ name: String, shape: [Int]? = nil, of elementTypes: [ElementType]? = nil
  ) throws -> Tensor {
    guard let tensor = tensors[name] else {
      let names = tensors.keys.sorted()
      let some = names.prefix(12).joined(separator: ", ") + (names.count > 12 ? ", …" : "")
      throw QuernError(
        .missing, in: source, found: "no tensor \"\(name)\"",
        expected: "it among the \(names.count) there are (\(some))",
        remedy: "Does the file belong to another model?")
    }
    if let shape, shape != tensor.shape {
      throw QuernError(
        .countMismatch, in: source,
        found: "tensor \"\(name)\" of shape \(text(shape: tensor.shape))",
        expected: "the shape \(text(shape: shape))",
        remedy: "Does the file belong to another model?")
    }
    if let elementTypes, !elementTypes.contains(tensor.elementType) {
      let accepted = elementTypes.map(\.rawValue).joined(separator: " or ")
      throw QuernError(
        .mislabelled, in: source,
        found: "tensor \"\(name)\" has \(tensor.elementType.rawValue) elements",
        expected: "\(accepted) elements", remedy: "Convert it before it is saved.")
    }
    return tensor
  }
}

extension Safetensors {
  /// The element types that are supported, by their names in the file.
  public enum ElementType: String, Sendable, Hashable, CaseIterable {
    case float32 = "F32"
    case float64 = "F64"
    case int32 = "I32"
    case int64 = "I64"
    case uint8 = "U8"

    /// Bytes of an element.
    public var size: Int {
      switch self {
      case .uint8: 1
      case .float32, .int32: 4
      case .float64, .int64: 8
      }
    }
  }

  /// A type that a tensor's elements can have: `Float`, `Double`, `Int32`, `Int64`, `UInt8`.
  public protocol Element: BitwiseCopyable {
    static var elementType: ElementType { get }
  }

  /// An array of numbers with its shape.
  public struct Tensor: Sendable, Equatable {
    public let elementType: ElementType
    /// The extents, outermost first; empty for a single number.
    public let shape: [Int]
    /// The elements as they stand in a file: little-endian, the last extent running fastest.
    public let bytes: ArraySlice<UInt8>

    /// A tensor of `values`; with no shape given, of rank 1.
    /// - Throws: `QuernError` if `values` are not as many as `shape` tells.
    public init<Value: Element>(_ values: [Value], shape: [Int]? = nil) throws {
      let shape = shape ?? [values.count]
      guard product(shape) == values.count else {
        throw QuernError(
          .countMismatch, in: "tensor", found: "\(values.count) values",
          expected: "as many as the shape \(text(shape: shape)) has")
      }
      self.init(
        elementType: Value.elementType, shape: shape,
        bytes: values.withUnsafeBytes { ArraySlice($0) })
    }

    /// From parts known to be in order.
    init(elementType: ElementType, shape: [Int], bytes: ArraySlice<UInt8>) {
      self.elementType = elementType
      self.shape = shape
      self.bytes = bytes
    }

    /// How many elements there are.
    public var count: Int { bytes.count / elementType.size }

    /// The elements.
    /// - Throws: `QuernError` if they are of another type.
    public func values<Value: Element>(of type: Value.Type = Value.self) throws -> [Value] {
      guard elementType == Value.elementType else {
        throw QuernError(
          .mislabelled, in: "tensor of shape \(text(shape: shape))",
          found: "\(elementType.rawValue) elements",
          expected: "\(Value.elementType.rawValue) elements")
      }
      return [Value](unsafeUninitializedCapacity: count) { buffer, filled in
        UnsafeMutableRawBufferPointer(buffer).copyBytes(from: bytes)
        filled = count
      }
    }
  }
}

// The elements are stored as they lie in memory.
#if _endian(big)
  #error("Safetensors needs a little-endian machine")
#endif

extension Float: Safetensors.Element {
  public static var elementType: Safetensors.ElementType { .float32 }
}
extension Double: Safetensors.Element {
  public static var elementType: Safetensors.ElementType { .float64 }
}
extension Int32: Safetensors.Element {
  public static var elementType: Safetensors.ElementType { .int32 }
}
extension Int64: Safetensors.Element {
  public static var elementType: Safetensors.ElementType { .int64 }
}
extension UInt8: Safetensors.Element {
  public static var elementType: Safetensors.ElementType { .uint8 }
}

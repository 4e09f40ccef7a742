/// Up to eight numbers, kept in place: instructions come by the thousand, and memory for a list of
/// each one's operands would cost more than all else that is done with it.
struct OperandList<Element: OperandNumber>: RandomAccessCollection, MutableCollection,
  ExpressibleByArrayLiteral, BitwiseCopyable, Sendable
{
  private var numbers = Element.Eight()
  private let length: UInt8

  var count: Int { Int(length) }

  // Inlined, or each literal would be an array on the heap.
  @inline(__always)
  init(arrayLiteral elements: Element...) {
    precondition(elements.count <= 8, "no instruction has more than eight operands")
    length = UInt8(elements.count)
    for (index, element) in elements.enumerated() { numbers[index] = element.operandNumber }
  }

  init(repeating element: Element, count: Int) {
    precondition(count <= 8, "no instruction has more than eight operands")
    numbers = Element.Eight(repeating: element.operandNumber)
    length = UInt8(count)
  }

  var startIndex: Int { 0 }
  var endIndex: Int { count }

  subscript(index: Int) -> Element {
    get { Element(operandNumber: numbers[index]) }
    set { numbers[index] = newValue.operandNumber }
  }
}

/// The target's registers that an instruction's operands have got.
typealias AllocatedRegisters = OperandList<UInt8>

/// What an ``OperandList`` can hold.
protocol OperandNumber: Sendable {
  associatedtype Eight: SIMD, BitwiseCopyable, Sendable
  var operandNumber: Eight.Scalar { get }
  init(operandNumber: Eight.Scalar)
}

extension UInt8: OperandNumber {
  typealias Eight = SIMD8<UInt8>
  var operandNumber: UInt8 { self }
  init(operandNumber: UInt8) { self = operandNumber }
}

extension VectorRegister: OperandNumber {
  typealias Eight = SIMD8<Int32>
  var operandNumber: Int32 { id }
  init(operandNumber: Int32) { self.init(id: operandNumber) }
}

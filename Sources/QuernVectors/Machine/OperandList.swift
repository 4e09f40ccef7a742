/// Up to eight numbers, kept in place: instructions come by the thousand, and memory for a list of
/// each one's operands would cost more than all else that is done with it.
struct OperandList<Element: OperandNumber>: RandomAccessCollection, MutableCollection,
  ExpressibleByArrayLiteral, Sendable
{
  private var numbers = SIMD8<Int32>()
  private let length: UInt8

  var count: Int { Int(length) }

  init(arrayLiteral elements: Element...) {
    precondition(elements.count <= 8, "no instruction has more than eight operands")
    length = UInt8(elements.count)
    for (index, element) in elements.enumerated() { numbers[index] = element.operandNumber }
  }

  init(repeating element: Element, count: Int) {
    precondition(count <= 8, "no instruction has more than eight operands")
    numbers = SIMD8(repeating: element.operandNumber)
    length = UInt8(count)
  }

  var startIndex: Int { 0 }
  var endIndex: Int { count }

  subscript(index: Int) -> Element {
    get { Element(operandNumber: numbers[index]) }
    set { numbers[index] = newValue.operandNumber }
  }
}

/// What an ``OperandList`` can hold.
protocol OperandNumber: Sendable {
  var operandNumber: Int32 { get }
  init(operandNumber: Int32)
}

extension Int: OperandNumber {
  var operandNumber: Int32 { Int32(truncatingIfNeeded: self) }
  init(operandNumber: Int32) { self = Int(operandNumber) }
}

extension VectorRegister: OperandNumber {
  var operandNumber: Int32 { Int32(truncatingIfNeeded: id) }
  init(operandNumber: Int32) { self.init(id: Int(operandNumber)) }
}

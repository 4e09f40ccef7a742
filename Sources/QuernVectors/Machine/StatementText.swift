/// Fills a statement's text with register names and its memory operand.
enum StatementText {
  static func render(_ allocated: AllocatedInstruction, indentation: String) -> String {
    let template = allocated.instruction.text
    let memory = allocated.instruction.memory
    let addressesBytes = template.contains("bytes") || template.contains("prefetch")
    var result: [UInt8] = Array(indentation.utf8)
    result.reserveCapacity(template.utf8.count + 32)
    var isPlaceholder = false
    for character in template.utf8 {
      if isPlaceholder {
        isPlaceholder = false
        switch character {
        case UInt8(ascii: "p"):
          if let memory { result += pointer(memory, bytes: addressesBytes).utf8 }
        case UInt8(ascii: "e"):
          if let memory { result += element(memory).utf8 }
        default:
          let number = allocated.registers[Int(character - UInt8(ascii: "0"))]
          result.append(UInt8(ascii: "v"))
          if number > 9 { result.append(UInt8(ascii: "0") + UInt8(number / 10)) }
          result.append(UInt8(ascii: "0") + UInt8(number % 10))
        }
      } else if character == UInt8(ascii: "$") {
        isPlaceholder = true
      } else {
        result.append(character)
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  private static func parenthesised(_ base: String) -> String {
    let isName = base.utf8.allSatisfy {
      ($0 | 0x20 >= UInt8(ascii: "a") && $0 | 0x20 <= UInt8(ascii: "z"))
        || ($0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9")) || $0 == UInt8(ascii: "_")
    }
    return isName ? base : "(\(base))"
  }

  private static func pointer(_ address: Address, bytes: Bool) -> String {
    let distance = bytes ? address.offset : address.offset / 4
    if distance == 0 { return address.base }
    let sign = distance < 0 ? "-" : "+"
    return "\(parenthesised(address.base)) \(sign) \(abs(distance))"
  }

  private static func element(_ address: Address) -> String {
    "\(parenthesised(address.base))[\(address.offset / 4)]"
  }
}

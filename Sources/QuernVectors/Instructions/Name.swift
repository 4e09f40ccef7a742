import Synchronization

/// A C variable's name, or an expression that stands for one, kept as a number: instructions name
/// their pointers by the thousand, and copying or comparing texts would take longer than all else that
/// is done with them.
///
/// Equal texts have one number in the whole process. A number once given out stays: there are as many
/// as there are different names in all generated code.
public struct Name: Hashable, BitwiseCopyable, Sendable, ExpressibleByStringLiteral,
  CustomStringConvertible
{
  private let number: Int32

  public init(_ text: String) {
    number = Self.known.withLock { known in
      if let number = known.numbers[text] { return number }
      let number = Int32(known.texts.count)
      known.texts.append(text)
      known.numbers[text] = number
      return number
    }
  }

  public init(stringLiteral text: String) { self.init(text) }

  public var text: String { Self.known.withLock { $0.texts[Int(number)] } }
  public var description: String { text }

  private static let known = Mutex((texts: [String](), numbers: [String: Int32]()))
}

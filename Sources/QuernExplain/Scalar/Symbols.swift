/// Names as formulas write them.
public enum Symbols {
  /// The digits of a number, and `,` between indices, below the line: `11` as `₁₁`.
  public static func below(_ text: String) -> String {
    text.map { subscripts[$0] ?? String($0) }.joined()
  }

  /// A whole number above the line: −12 as `⁻¹²`.
  public static func above(_ number: Int) -> String {
    String(number).map { superscripts[$0] ?? String($0) }.joined()
  }

  /// A partial derivative: `∂a/∂w₁₁`.
  public static func partial(of whole: String, by part: String) -> String { "∂\(whole)/∂\(part)" }

  /// A name as it is typed, from one as formulas write it: `w11` from `w₁₁`, `w_11` or `W11`.
  public static func typed(_ name: String) -> String {
    var result = ""
    for character in name.lowercased() where character != "_" {
      result += digits[character].map(String.init) ?? String(character)
    }
    return result
  }

  private static let subscripts: [Character: String] = [
    "0": "₀", "1": "₁", "2": "₂", "3": "₃", "4": "₄", "5": "₅", "6": "₆", "7": "₇", "8": "₈",
    "9": "₉",
  ]

  private static let superscripts: [Character: String] = [
    "0": "⁰", "1": "¹", "2": "²", "3": "³", "4": "⁴", "5": "⁵", "6": "⁶", "7": "⁷", "8": "⁸",
    "9": "⁹", "-": "⁻",
  ]

  private static let digits: [Character: Character] = [
    "₀": "0", "₁": "1", "₂": "2", "₃": "3", "₄": "4", "₅": "5", "₆": "6", "₇": "7", "₈": "8",
    "₉": "9",
  ]
}

import QuernDrawing

/// Numbers as the report's text has them.
enum ReportText {
  /// 1347510 as "1,347,510".
  static func grouped(_ number: Int) -> String {
    var digits = String(number.magnitude)
    var groups: [String] = []
    while digits.count > 3 {
      groups.insert(String(digits.suffix(3)), at: 0)
      digits.removeLast(3)
    }
    return (number < 0 ? "−" : "") + ([digits] + groups).joined(separator: ",")
  }

  /// Nothing for none.
  static func count(_ number: Int) -> String { number == 0 ? "" : grouped(number) }

  static func percent(_ share: Double, _ decimals: Int = 2) -> String {
    NumberText.fixed(share * 100, decimals: decimals) + " %"
  }

  static func product(_ extents: [Int]) -> String {
    extents.map(String.init).joined(separator: "×")
  }

  static func seconds(_ value: Double) -> String {
    switch value {
    case ..<1: NumberText.fixed(value * 1000, decimals: 0) + " ms"
    case ..<60: NumberText.fixed(value, decimals: 1) + " s"
    case ..<3600: "\(Int(value) / 60) min \(Int(value) % 60) s"
    case ..<1e9: "\(Int(value) / 3600) h \(Int(value) % 3600 / 60) min"
    default: "–"
    }
  }

  /// "1 picture", "2 pictures".
  static func counted(_ number: Int, _ noun: String) -> String {
    "\(grouped(number)) \(noun)\(number == 1 ? "" : "s")"
  }
}

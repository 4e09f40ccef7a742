import QuernData
import QuernErrors

extension Deformation: CustomStringConvertible {
  /// The form ``init(_:)`` reads: parts with commas between them, in this order. The same text
  /// makes the same deformation again.
  public var description: String {
    var parts: [String] = []
    if let elastic {
      parts.append("elastic:\(Self.text(elastic.sigma)):\(Self.text(elastic.alpha))")
    }
    if let rotation { parts.append("rotation:\(rotation)") }
    if let shear { parts.append("shear:\(shear)") }
    if let scaling { parts.append("scale:\(Self.text(scaling))") }
    if let angleLimit {
      let classes = angleLimit.classes.map(String.init).joined(separator: "+")
      parts.append("limit:\(angleLimit.degrees):\(classes)")
    }
    return parts.joined(separator: ",")
  }

  /// Reads a deformation:
  ///
  /// | part | what | where left out |
  /// |---|---|---|
  /// | `paper` | all of ``paper``; parts after it change it | |
  /// | `elastic:SIGMA:ALPHA` | pixels; each a number or a range such as `5-6` | 5-6, 36-38 |
  /// | `rotation:DEGREES` | the largest angle | 15 |
  /// | `shear:DEGREES` | the largest angle | 15 |
  /// | `scale:PERCENT` | a number or a range | 15-20 |
  /// | `limit:DEGREES:CLASSES` | largest angle for the classes: `1+7` | 7.5, 1+7 |
  ///
  /// - Throws: `QuernError` of kind `badArgument` that says which part cannot be read; what
  ///   ``validate()`` throws.
  public init(_ text: String) throws {
    self.init()
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      try read(part.split(separator: ":", omittingEmptySubsequences: false).map(String.init))
    }
    try validate()
  }

  private mutating func read(_ fields: [String]) throws {
    let part = fields.joined(separator: ":")
    func check(_ count: Int, _ form: String) throws {
      if fields.count > count + 1 {
        throw Self.unreadable(part, expected: form)
      }
    }
    func range(_ place: Int, else standard: ClosedRange<Double>) throws -> ClosedRange<Double> {
      guard fields.indices.contains(place) else { return standard }
      guard let range = Self.range(fields[place]) else {
        throw Self.unreadable(part, expected: "a number or a range such as 5-6 in each field")
      }
      return range
    }
    func number(_ place: Int, else standard: Double) throws -> Double {
      guard fields.indices.contains(place) else { return standard }
      guard let value = Double(fields[place]), value.isFinite else {
        throw Self.unreadable(part, expected: "a number of degrees, such as 15")
      }
      return value
    }
    switch fields[0] {
    case "paper":
      try check(0, "paper, without numbers")
      self = .paper
    case "elastic":
      try check(2, "elastic:SIGMA:ALPHA")
      elastic = Elastic(sigma: try range(1, else: 5...6), alpha: try range(2, else: 36...38))
    case "rotation":
      try check(1, "rotation:DEGREES")
      rotation = try number(1, else: 15)
    case "shear":
      try check(1, "shear:DEGREES")
      shear = try number(1, else: 15)
    case "scale":
      try check(1, "scale:PERCENT")
      scaling = try range(1, else: 15...20)
    case "limit":
      try check(2, "limit:DEGREES:CLASS+CLASS")
      let names = fields.count > 2 ? fields[2] : "1+7"
      let classes = names.split(separator: "+", omittingEmptySubsequences: false).map { Int($0) }
      guard !classes.contains(nil) else {
        throw Self.unreadable(part, expected: "classes with + between them, such as 1+7")
      }
      angleLimit = AngleLimit(degrees: try number(1, else: 7.5), classes: classes.compactMap { $0 })
    default:
      throw Self.unreadable(
        part, expected: "paper, elastic, rotation, shear, scale or limit, with commas between")
    }
  }

  private static func unreadable(_ part: String, expected: String) -> QuernError {
    QuernError(
      .badArgument, in: "deformation", found: part.isEmpty ? "an empty part" : "\"\(part)\"",
      expected: expected, remedy: "For example: elastic:5-6:36-38,rotation:15,scale:15-20.")
  }

  /// `5` or `5-6`; nil for what is neither, or the wrong way round.
  private static func range(_ text: String) -> ClosedRange<Double>? {
    // The dash of an exponent or of a sign is none between numbers.
    if let value = Double(text), value.isFinite { return value...value }
    for dash in text.indices where text[dash] == "-" {
      if let low = Double(text[..<dash]), let high = Double(text[text.index(after: dash)...]),
        low.isFinite, high.isFinite, low <= high
      {
        return low...high
      }
    }
    return nil
  }

  private static func text(_ range: ClosedRange<Double>) -> String {
    range.lowerBound == range.upperBound
      ? "\(range.lowerBound)" : "\(range.lowerBound)-\(range.upperBound)"
  }
}

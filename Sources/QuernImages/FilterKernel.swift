import QuernData
import QuernErrors

/// A square of numbers K(i, j), −d ≤ i, j ≤ d, that is moved over a picture.
public struct FilterKernel: Sendable, Hashable {
  /// 2d + 1, rows and columns: odd.
  public let size: Int
  /// As written, (2d + 1)², row by row: i counts rows from above, j columns from the left.
  public let numbers: [Double]
  /// What all numbers are divided by.
  public let divisor: Double

  /// Rows and columns a kernel may have.
  public static let maximumSize = 63

  /// d, how far the kernel reaches from its centre.
  public var reach: Int { size / 2 }

  /// K(i, j), the numbers after the division, row by row.
  public var values: [Float] { numbers.map { Float($0 / divisor) } }

  /// The largest magnitude that the kernel can make of a picture of values 0 … 1.
  public var largestResponse: Double {
    let values = values.map(Double.init)
    return max(
      values.reduce(0) { $0 + max($1, 0) }, values.reduce(0) { $0 + max(-$1, 0) })
  }

  /// - Parameters:
  ///   - rows: as many as each has numbers.
  ///   - divisor: what all are divided by.
  ///   - name: what messages call it.
  /// - Throws: `QuernError` where the rows are no square of odd size up to ``maximumSize``, a number
  ///   is not finite, or the divisor is 0 or not finite.
  public init(_ rows: [[Double]], divisor: Double = 1, name: String = "kernel") throws {
    let expected = "an odd square of numbers: 3×3, 5×5, …, \(Self.maximumSize)×\(Self.maximumSize)"
    guard let first = rows.first, !first.isEmpty else {
      throw QuernError(
        .empty, in: name, found: "no numbers", expected: expected, remedy: "Write them in rows.")
    }
    if let place = rows.firstIndex(where: { $0.count != first.count }) {
      throw QuernError(
        .countMismatch, in: name,
        found: "row \(place + 1) has \(rows[place].count) numbers, row 1 has \(first.count)",
        expected: "rows of the same length", remedy: "Fill up what is missing; zeros will do.")
    }
    guard first.count == rows.count else {
      throw QuernError(
        .badArgument, in: name, found: "\(rows.count) rows of \(first.count) numbers",
        expected: expected, remedy: "Put zeros around it.")
    }
    guard rows.count % 2 == 1, rows.count <= Self.maximumSize else {
      let isEven = rows.count % 2 == 0
      throw QuernError(
        .badArgument, in: name,
        found: "a kernel of \(rows.count)×\(rows.count)" + (isEven ? ", which has no centre" : ""),
        expected: expected,
        remedy: isEven ? "Add a row and a column of zeros." : "Make it smaller.")
    }
    guard rows.allSatisfy({ $0.allSatisfy(\.isFinite) }), divisor.isFinite, divisor != 0,
      rows.allSatisfy({ $0.allSatisfy { Float($0 / divisor).isFinite } })
    else {
      throw QuernError(
        .badArgument, in: name, found: "a number or divisor (\(divisor)) that cannot be used",
        expected: "finite numbers, and a divisor other than 0")
    }
    size = rows.count
    numbers = rows.flatMap { $0 }
    self.divisor = divisor
  }

  /// From numbers that are known to be an odd square.
  init(known numbers: [Double], divisor: Double = 1) {
    var size = 1
    while size * size < numbers.count { size += 2 }
    self.size = size
    self.numbers = numbers
    self.divisor = divisor
  }
}

extension FilterKernel {
  /// Reads a text: a row of numbers a line, separated by blanks or commas; `#` begins a comment; a
  /// line `/ 9` divides all by 9.
  ///
  /// - Throws: `QuernError` that names the line, or as ``init(_:divisor:name:)`` does.
  public init(text: String, name: String) throws {
    var rows: [[Double]] = []
    var divisor: Double?
    for (number, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .enumerated()
    {
      let content = line.prefix { $0 != "#" }
      var words = content.split { $0.isWhitespace || $0 == "," || $0 == ";" }[...]
      guard let first = words.first else { continue }
      let isDivisor = first.hasPrefix("/")
      if isDivisor {
        let rest = first.dropFirst()
        words = (rest.isEmpty ? [] : [rest]) + words.dropFirst()
      }
      let values = try words.map { word in
        // U+2212, the minus sign of typeset tables, is one too.
        guard let value = Double(word.replacing("\u{2212}", with: "-")), value.isFinite else {
          throw QuernError(
            .mislabelled, in: name, found: "line \(number + 1) holds \"\(word.prefix(20))\"",
            expected: "numbers, such as 1 or -0.5",
            remedy: "Begin comments with #, and a divisor's line with /, as in / 9.")
        }
        return value
      }
      guard isDivisor else {
        rows.append(values)
        continue
      }
      guard values.count == 1, divisor == nil, values[0] != 0 else {
        throw QuernError(
          .badArgument, in: name, found: "line \(number + 1) is \"\(content)\"",
          expected: "one divisor, not 0, in one line, as in / 9")
      }
      divisor = values[0]
    }
    try self.init(rows, divisor: divisor ?? 1, name: name)
  }

  /// Reads a text file; see ``init(text:name:)``.
  ///
  /// - Throws: `QuernError` where it is missing, too large for a kernel, no text, or holds none.
  public init(contentsOf path: String) throws {
    let bytes = try SystemFile.contents(of: path)
    guard bytes.count < 1 << 20, let text = String(validating: bytes, as: UTF8.self) else {
      throw QuernError(
        .mislabelled, in: path, found: "\(bytes.count) bytes that are no short text",
        expected: "a text with rows of numbers", remedy: "Check that it is the right file.")
    }
    try self.init(text: text, name: path)
  }

  /// The numbers in columns, and the divisor; a line a row.
  public var lines: [String] {
    let cells = numbers.map { $0 == $0.rounded() && abs($0) < 1e15 ? "\(Int($0))" : "\($0)" }
    let width = cells.map(\.count).max() ?? 1
    var lines = (0..<size).map { row in
      cells[row * size..<(row + 1) * size].map {
        String(repeating: " ", count: width - $0.count) + $0
      }.joined(separator: " ")
    }
    if divisor != 1 {
      lines.append(
        "/ "
          + (divisor == divisor.rounded() && abs(divisor) < 1e15 ? "\(Int(divisor))" : "\(divisor)")
      )
    }
    return lines
  }
}

/// How often each class was taken for each.
public struct ConfusionMatrix: Hashable, Sendable, Codable {
  public let classCount: Int
  private var counts: [Int]

  public init(classCount: Int) {
    self.classCount = classCount
    counts = Array(repeating: 0, count: classCount * classCount)
  }

  /// Examples of class `actual` that were taken for `predicted`.
  public subscript(actual actual: Int, predicted predicted: Int) -> Int {
    counts[actual * classCount + predicted]
  }

  /// Counts one example.
  public mutating func add(actual: Int, predicted: Int) {
    counts[actual * classCount + predicted] += 1
  }

  /// Examples counted.
  public var total: Int { counts.reduce(0, +) }
  /// Examples on the diagonal.
  public var correct: Int { (0..<classCount).reduce(0) { $0 + self[actual: $1, predicted: $1] } }
  /// The share on the diagonal; 0 for an empty matrix.
  public var accuracy: Double { total == 0 ? 0 : Double(correct) / Double(total) }

  /// Of the examples of this class, the share that was found; nil where there is none.
  public func recall(_ label: Int) -> Double? {
    let row = (0..<classCount).reduce(0) { $0 + self[actual: label, predicted: $1] }
    return row == 0 ? nil : Double(self[actual: label, predicted: label]) / Double(row)
  }
}

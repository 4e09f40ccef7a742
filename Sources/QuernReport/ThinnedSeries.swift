/// Measurements of a run of any length in a bounded number of points: each point is the mean of as
/// many measurements as there are to a point, which doubles whenever there are too many points.
public struct ThinnedSeries: Sendable, Hashable, Codable {
  public struct Sample: Sendable, Hashable, Codable {
    public var x: Double
    public var y: Double
  }

  /// In the order they came; those of measurements that do not fill a point yet are ``rest``.
  public private(set) var samples: [Sample] = []
  /// Measurements in each of ``samples``.
  public private(set) var perSample = 1
  private var sum = Sample(x: 0, y: 0)
  private var pending = 0
  private let limit: Int

  /// - Parameter limit: points at most, made even and at least 2.
  public init(limit: Int = 600) { self.limit = max(limit / 2 * 2, 2) }

  /// Measurements that do not fill a point yet, as one.
  public var rest: Sample? {
    pending == 0 ? nil : Sample(x: sum.x / Double(pending), y: sum.y / Double(pending))
  }

  /// All that is known.
  public var all: [Sample] { samples + (rest.map { [$0] } ?? []) }

  public mutating func add(_ x: Double, _ y: Double) {
    sum.x += x
    sum.y += y
    pending += 1
    guard pending == perSample else { return }
    samples.append(Sample(x: sum.x / Double(pending), y: sum.y / Double(pending)))
    (sum, pending) = (Sample(x: 0, y: 0), 0)
    guard samples.count == limit else { return }
    samples = stride(from: 0, to: samples.count, by: 2).map {
      let (a, b) = (samples[$0], samples[$0 + 1])
      return Sample(x: (a.x + b.x) / 2, y: (a.y + b.y) / 2)
    }
    perSample *= 2
  }

  /// Forgets what came after a place.
  public mutating func cut(after x: Double) {
    if let rest, rest.x > x { (sum, pending) = (Sample(x: 0, y: 0), 0) }
    samples.removeAll { $0.x > x }
  }
}

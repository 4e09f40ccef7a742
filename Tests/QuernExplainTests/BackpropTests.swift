import QuernErrors
import QuernExecution
import QuernExplain
import QuernGraph
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct BackpropTests {
  private static let point: [String: Float] = [
    "x1": 0.8, "x2": -0.5, "w11": 0.3, "w12": -0.7, "w21": 0.4, "w22": 0.9, "v11": -0.6,
    "v12": 0.5, "v21": 0.2, "v22": -0.8, "p11": 0.7, "p21": -0.9,
  ]

  /// The network by hand, in double precision.
  private func output(_ activation: ScalarActivation, _ p: [String: Double]) throws -> Double {
    func f(_ sum: Double) -> Double {
      switch activation {
      case .sigmoid: 1 / (1 + exp(-sum))
      case .tanh: tanh(sum)
      case .relu: max(sum, 0)
      case .linear: sum
      }
    }
    func value(_ name: String) throws -> Double { try #require(p[name]) }
    let z = try (1...2).map { j in
      f(try value("w1\(j)") * value("x1") + value("w2\(j)") * value("x2"))
    }
    let h = try (1...2).map { j in f(try value("v1\(j)") * z[0] + value("v2\(j)") * z[1]) }
    return try value("p11") * h[0] + value("p21") * h[1]
  }

  /// Compiled derivatives against finite differences, and against the sum over paths.
  @Test(arguments: ScalarActivation.allCases)
  func derivatives(_ activation: ScalarActivation) throws {
    let backprop = try Backprop(.lecture(activation: activation))
    let network = backprop.network
    let values = try backprop.values(at: Self.point, ExecutionOptions())
    let exact = Self.point.mapValues(Double.init)
    #expect(abs(try output(activation, exact) - Double(#require(values["a"]))) < 1e-6)
    var largest = 0.0
    for number in network.variables.indices where network.variables[number].kind != .neuron {
      let name = network.variables[number].name
      let derivative = Double(try #require(values[backprop.derivative(by: number)]))
      var (up, down) = (exact, exact)
      up[name]? += 1e-5
      down[name]? -= 1e-5
      let quotient = try (output(activation, up) - output(activation, down)) / 2e-5
      #expect(abs(derivative - quotient) < 1e-5, "\(name): \(derivative), \(quotient)")
      let sum = try backprop.paths(by: number).reduce(0.0) { sum, path in
        try sum
          + zip(path.variables.dropFirst(), path.variables).reduce(1) {
            $0 * Double(try #require(values[backprop.partial(of: $1.0, by: $1.1)]))
          }
      }
      #expect(abs(sum - derivative) < 1e-6, "\(name)")
      largest = max(largest, abs(derivative))
    }
    #expect(largest > 0.01)
  }

  @Test func aPointThatLacksAWeight() throws {
    let backprop = try Backprop(.lecture(activation: .tanh))
    var point = Self.point
    point["v21"] = nil
    let error = #expect(throws: QuernError.self) {
      try backprop.values(at: point, ExecutionOptions())
    }
    #expect(error?.place == "v21")
  }

  /// What the graph says of each weight is what changing it shows.
  @Test(arguments: ScalarActivation.allCases)
  func dependence(_ activation: ScalarActivation) throws {
    let backprop = try Backprop(.lecture(activation: activation))
    for name in ["w11", "v21", "p11", "x2", "z1"] {
      let number = try backprop.network.variable(named: name)
      let found = try backprop.dependences(of: number, trials: 200, ExecutionOptions())
      #expect(found.count == 10)
      for dependence in found {
        #expect((dependence.changes > 0) == (dependence.reach != .none), "\(name), \(dependence)")
        // Only what a ReLU compares can leave the derivative alone at most points.
        if dependence.reach == .switching {
          #expect(activation == .relu && dependence.changes < dependence.trials)
        }
      }
    }
  }

  /// The lecture's quiz on ∂a/∂w₁₁: v₁₁, v₁₂ and p₁₁ are on its paths; w₂₂ and v₂₂ are not, and
  /// matter only where f′ is not constant.
  @Test func quiz() throws {
    func reach(_ activation: ScalarActivation) throws -> [String: Dependence] {
      let backprop = try Backprop(.lecture(activation: activation))
      let found = try backprop.dependences(
        of: backprop.network.variable(named: "w11"), ExecutionOptions())
      return Dictionary(uniqueKeysWithValues: found.map { ($0.weight, $0) })
    }
    let sigmoid = try reach(.sigmoid)
    let linear = try reach(.linear)
    for weight in ["v11", "v12", "p11", "p21"] {
      #expect(sigmoid[weight]?.isOnPath == true && sigmoid[weight]?.reach == .value)
      #expect(linear[weight]?.isOnPath == true && linear[weight]?.reach == .value)
    }
    for weight in ["w22", "v22"] {
      #expect(sigmoid[weight]?.isOnPath == false && sigmoid[weight]?.reach == .value)
      #expect(linear[weight]?.isOnPath == false && linear[weight]?.reach == Dependence.Reach.none)
      #expect(try reach(.relu)[weight]?.reach == .switching)
    }
  }

  // MARK: Cost

  @Test func countsOfTheLecturesNetwork() throws {
    let network = try ScalarNetwork.lecture(activation: .sigmoid)
    let counts = network.pathCounts()
    for number in network.variables.indices {
      #expect(counts[number].paths.exact == UInt128(network.paths(from: number).count))
    }
    let x = try network.variable(named: "x1")
    #expect(counts[x].paths.description == "4" && counts[x].factors.description == "12")
    #expect(try counts[network.variable(named: "w11")].paths.description == "2")
    #expect(counts.filter { $0.paths.exact == 0 }.isEmpty)
  }

  /// Paths are exponential in the depth, backpropagation's operations linear.
  @Test(arguments: [2, 3, 5])
  func growth(_ width: Int) throws {
    let rows = try (1...7).map {
      try BackpropCost(depth: $0, width: width, activation: .sigmoid)
    }
    var power = 1
    for row in rows {
      #expect(row.pathsOfOneWeight.exact == UInt128(power))
      #expect(row.weights == row.depth * width * width + width)
      power *= width
    }
    let steps = zip(rows, rows.dropFirst()).map { $1.backpropOperations - $0.backpropOperations }
    #expect(Set(steps.dropFirst()).count == 1 && steps[2] > 0)
    let forward = zip(rows, rows.dropFirst()).map { $1.forwardOperations - $0.forwardOperations }
    #expect(Set(forward).count == 1)
    // W products, W − 1 sums and f for each of W neurons.
    let expected: Int = width * 2 * width
    #expect(forward[0] == expected)
  }

  @Test func largeCounts() throws {
    let row = try BackpropCost(depth: 150, width: 10, activation: .linear)
    #expect(row.pathsOfOneWeight.exact == nil)
    #expect(row.pathsOfOneWeight.description == "1.00·10¹⁴⁹")
    #expect((PathCount(999_999) * PathCount(1000)).description == "999,999,000")
    #expect((PathCount(3) - PathCount(5)).description == "0")
  }

  @Test func networksThatCannotBeCounted() {
    for (depth, width) in [(0, 2), (2, 0), (Int.max, 2), (2, Int.max), (1000, 1000)] {
      #expect(throws: QuernError.self) {
        try BackpropCost(depth: depth, width: width, activation: .sigmoid)
      }
    }
    #expect(throws: QuernError.self) {
      try ScalarNetwork(
        widths: [2, 2], activation: .tanh, neurons: ["x", "a"], weights: ["w"])
    }
  }
}

import Quern
import QuernCodegen
import QuernMachine
import QuernTestSupport

/// A graph whose code is hashed, and how it is compiled. All of it is fixed: nothing is asked of the
/// processor that this runs on.
struct Subject: Sendable {
  /// `lenet train 128 sgd, avx2, 2 threads`.
  var name: String
  var graph: @Sendable () throws -> Graph
  var options: CompileOptions
}

extension Subject {
  /// All subjects, in the order of the list.
  static var all: [Subject] { networks + machines + randomGraphs }

  // MARK: Networks

  /// Every built-in network and those of ``GoldenNetworks``, for every target and two thread counts.
  private static var networks: [Subject] {
    let builtIn = BuiltInModel.allCases.map { ($0.name, $0.network()) }
    let steps: [Step] = [.train(128, SGD()), .train(5, Adam()), .infer(1)]
    return (builtIn + GoldenNetworks.all).flatMap { name, network in
      steps.flatMap { step in
        Target.all.flatMap { target in
          [1, 2].map { threads in
            subject(name, network, step, machine: MachineFacts(target), threads: threads)
          }
        }
      }
    }
  }

  /// Unusual machines: small caches, which cut sums into blocks, and a core that works off AVX-512's
  /// vectors in two halves.
  private static var machines: [Subject] {
    let networks = GoldenNetworks.all + [("lenet", BuiltInModel.lenet.network())]
    return networks.flatMap { name, network in
      [
        subject(
          name, network, .train(24, Momentum()), machine: .halved(.avx512), threads: 3,
          note: ", halved vectors"),
        subject(
          name, network, .train(6, AdamW()), machine: .smallCaches(.avx2), threads: 2,
          note: ", small caches"),
      ]
    }
  }

  private enum Step: Sendable {
    case train(Int, any Optimizer)
    case infer(Int)

    var name: String {
      switch self {
      case .train(let batch, let optimizer): "train \(batch) \(optimizer.name)"
      case .infer(let batch): "infer \(batch)"
      }
    }

    func graph(_ network: Network) throws -> Graph {
      switch self {
      case .train(let batch, let optimizer):
        try TrainingStep(network, optimizer: optimizer, batchSize: batch).graph
      case .infer(let batch): try InferenceStep(network, batchSize: batch).graph
      }
    }
  }

  private static func subject(
    _ name: String, _ network: Network, _ step: Step, machine: MachineFacts, threads: Int,
    note: String = ""
  ) -> Subject {
    var options = CompileOptions(target: machine.target, threads: threads)
    options.machine = machine
    return Subject(
      name: "\(name) \(step.name), \(machine.target), \(threads) threads\(note)",
      graph: { try step.graph(network) }, options: options)
  }

  // MARK: Random graphs

  /// Graphs of random ops, with the choices that the random tests make for them.
  private static var randomGraphs: [Subject] {
    (0..<90).map { seed in
      let target = [Target.avx512, .avx2, .portable][seed % 3]
      return Subject(
        name: "random graph \(seed), \(target), \(1 + seed % 2) threads",
        graph: { try RandomGraph(seed: seed).graph },
        options: .varied(seed: seed, target: target, threads: 1 + seed % 2))
    }
  }
}

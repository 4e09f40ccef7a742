import Quern

/// The notation of `speed/workloads.py`: `input:28x28x1 conv:32:5:1:2 relu maxPool:2 flatten dense:10`.
enum NetworkNotation {
  static func parse(_ text: String) throws -> Network {
    let words = text.split(separator: " ")
    guard let head = words.first, head.hasPrefix("input:") else {
      throw Failure("\(text): a network starts with input:…")
    }
    let extents = try head.dropFirst("input:".count).split(separator: "x").map(number)
    let input: InputShape
    switch extents.count {
    case 1: input = .features(extents[0])
    case 3: input = .picture(height: extents[0], width: extents[1], channels: extents[2])
    default: throw Failure("\(head): give height, width and channels, or one number of features")
    }
    return Network("peer", input: input, layers: try words.dropFirst().map(layer))
  }

  private static func layer(_ word: Substring) throws -> any Layer {
    let parts = word.split(separator: ":")
    let numbers = try parts.dropFirst().map(number)
    switch (parts.first ?? "", numbers.count) {
    case ("conv", 4):
      return Conv2D(
        numbers[0], kernel: .square(numbers[1]), stride: .square(numbers[2]),
        padding: .explicit(.square(numbers[3])))
    case ("dense", 1): return Dense(numbers[0])
    case ("relu", 0): return ReLU()
    case ("maxPool", 1): return MaxPool(.square(numbers[0]))
    case ("globalAveragePool", 0): return GlobalAveragePool()
    case ("flatten", 0): return Flatten()
    default: throw Failure("\(word): there is no such layer in the notation")
    }
  }

  private static func number(_ text: Substring) throws -> Int {
    guard let number = Int(text), number >= 0 else { throw Failure("\(text): not a number") }
    return number
  }
}

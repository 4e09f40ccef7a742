import QuernDrawing
import QuernImages
import QuernLayers

/// What a page about a training run shows; ``html`` is the page.
///
/// The page is one file that refers to nothing outside itself: drawings are SVG in it, pictures are
/// PNG as `data:` addresses, and there is no script. It is HTML as well as XML, and follows the
/// reader's choice of light or dark mode.
public struct TrainingReport {
  /// How the run went.
  public struct Run {
    /// The model's name.
    public var model: String
    /// How the run ended, such as "finished after 20 epochs".
    public var outcome: String
    /// What each epoch was evaluated on: "test" or "validation".
    public var evaluationName: String
    public var curves: LearningCurves

    public init(
      model: String, outcome: String, evaluationName: String = "test", curves: LearningCurves
    ) {
      self.model = model
      self.outcome = outcome
      self.evaluationName = evaluationName
      self.curves = curves
    }
  }

  /// What was trained.
  public struct NetworkDescription {
    public var summary: NetworkSummary
    public var diagram: Diagram

    public init(summary: NetworkSummary, diagram: Diagram) {
      self.summary = summary
      self.diagram = diagram
    }
  }

  /// How a network does on examples that it was not trained on.
  public struct Evaluation {
    /// What it was evaluated on, as in "on the test set".
    public var dataset: String
    /// Mean loss of an example.
    public var loss: Double
    /// A row for each actual class, a column for each prediction.
    public var confusion: [[Int]]
    /// The classes' names; nil where they have only numbers.
    public var classNames: [String]?
    /// All wrong pictures, or those of which the network was surest.
    public var mistakes: [Mistake]

    public init(
      dataset: String, loss: Double, confusion: [[Int]], classNames: [String]? = nil,
      mistakes: [Mistake] = []
    ) {
      self.dataset = dataset
      self.loss = loss
      self.confusion = confusion
      self.classNames = classNames
      self.mistakes = mistakes
    }

    public var count: Int { confusion.joined().reduce(0, +) }
    public var correct: Int {
      confusion.enumerated().reduce(0) { sum, row in
        sum + (row.element.indices.contains(row.offset) ? row.element[row.offset] : 0)
      }
    }
    public var errorRate: Double {
      count == 0 ? 0 : Double(count - correct) / Double(count)
    }

    func name(_ label: Int) -> String {
      classNames.flatMap { $0.indices.contains(label) ? $0[label] : nil } ?? String(label)
    }
  }

  /// A picture that was classified wrongly.
  public struct Mistake {
    /// Its place in the data set.
    public var index: Int
    public var picture: Picture
    /// The class it belongs to.
    public var actual: Int
    /// The class it was taken for.
    public var predicted: Int
    /// The probability that the network gave to the prediction.
    public var probability: Double

    public init(index: Int, picture: Picture, actual: Int, predicted: Int, probability: Double) {
      self.index = index
      self.picture = picture
      self.actual = actual
      self.predicted = predicted
      self.probability = probability
    }
  }

  /// What the first layer's neurons or filters look for.
  public struct Filters {
    public var sheet: Picture
    /// Which layer it is, and how many of its filters are shown.
    public var caption: String

    public init(sheet: Picture, caption: String) {
      self.sheet = sheet
      self.caption = caption
    }
  }

  /// One kernel's part of a training step.
  public struct Kernel {
    public var name: String
    public var milliseconds: Double
    /// The least time in which the machine could do the multiply-adds and the memory traffic.
    public var limitMilliseconds: Double
    /// 0 for a kernel without multiply-adds.
    public var gigaflops: Double
    public var megabytes: Double

    public init(
      name: String, milliseconds: Double, limitMilliseconds: Double, gigaflops: Double,
      megabytes: Double
    ) {
      self.name = name
      self.milliseconds = milliseconds
      self.limitMilliseconds = limitMilliseconds
      self.gigaflops = gigaflops
      self.megabytes = megabytes
    }
  }

  /// A line of the table of settings.
  public struct Setting {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  public var run: Run
  public var network: NetworkDescription
  /// Nil where nothing was evaluated.
  public var evaluation: Evaluation?
  /// Nil where the first layer does not look at pictures.
  public var filters: Filters?
  /// Empty where the network was not compiled.
  public var kernels: [Kernel]
  /// In the order they are shown.
  public var settings: [Setting]

  public init(
    run: Run, network: NetworkDescription, evaluation: Evaluation? = nil, filters: Filters? = nil,
    kernels: [Kernel] = [], settings: [Setting] = []
  ) {
    self.run = run
    self.network = network
    self.evaluation = evaluation
    self.filters = filters
    self.kernels = kernels
    self.settings = settings
  }
}

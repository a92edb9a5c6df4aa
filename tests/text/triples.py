"""Small sets of (text, one that means about the same, one about something else with like words or a like form)."""

ENGLISH = (
    (
        "A red ceramic mug for your morning coffee",
        "Crimson cup made of clay, ideal for breakfast drinks",
        "A red sports car for your morning drive",
    ),
    ("How do I reset my password?", "I forgot my login and need a new one", "How do I reset the office thermostat?"),
    (
        "The train to Berlin is delayed by an hour",
        "You will reach Berlin sixty minutes late by rail",
        "The recipe from Berlin takes an hour",
    ),
    (
        "Our store closes at nine in the evening",
        "The shop is open until 9 pm",
        "Our school opens at nine in the morning",
    ),
    (
        "She adopted a stray kitten",
        "A homeless young cat found a place with her",
        "She adopted a new accounting standard",
    ),
    (
        "The bank raised its interest rates",
        "Borrowing money became more expensive",
        "The river bank was covered with flowers",
    ),
    (
        "He plays the violin in an orchestra",
        "The man is a string musician in an ensemble",
        "He plays football in a club",
    ),
    (
        "Free shipping on all orders above 50 euros",
        "Deliveries cost nothing if you spend more than EUR 50",
        "Free parking for all visitors above 65 years",
    ),
    (
        "The doctor prescribed antibiotics",
        "The physician gave me medicine against the infection",
        "The teacher prescribed a novel",
    ),
    ("It has been raining all week", "We have had seven days of wet weather", "It has been selling well all week"),
    (
        "This laptop runs out of power too quickly",
        "The notebook's battery life is poor",
        "This athlete runs too quickly",
    ),
    ("I would like to cancel my subscription", "Please end my membership", "I would like to renew my passport"),
    ("The movie was boring and far too long", "I disliked the film, it dragged on", "The queue was orderly and short"),
    (
        "Scientists found water on Mars",
        "Researchers discovered H2O on the red planet",
        "Tourists found a hotel in Mars, France",
    ),
    (
        "Plant tomatoes after the last frost",
        "Wait until it no longer freezes to put tomatoes in the ground",
        "Slice tomatoes after the first course",
    ),
    ("The company fired two hundred workers", "The firm laid off 200 employees", "The army fired two hundred shots"),
    (
        "Keep the medicine out of reach of children",
        "Store drugs where kids cannot get them",
        "Keep the children busy during the trip",
    ),
    (
        "Turn left at the traffic lights",
        "At the signals, take the road on the left",
        "Turn off the lights when you leave",
    ),
    (
        "A waterproof jacket for hikers",
        "Raincoat made for walking in the mountains",
        "A waterproof lipstick for brides",
    ),
    (
        "The baby slept through the night",
        "The infant did not wake until morning",
        "The guard watched through the night",
    ),
    (
        "Prices of houses fell in spring",
        "Real estate became cheaper between March and May",
        "Leaves of trees fell in autumn",
    ),
    (
        "The chef grilled salmon with lemon",
        "The cook prepared fish with citrus on the barbecue",
        "The lawyer grilled the witness in court",
    ),
    (
        "My flight was cancelled because of fog",
        "Bad visibility kept the plane on the ground",
        "My lesson was cancelled because of illness",
    ),
    (
        "The museum shows paintings by Monet",
        "Works of the French impressionist hang in the gallery",
        "The cinema shows films by Hitchcock",
    ),
    (
        "Learn Spanish in ten minutes a day",
        "A short daily lesson teaches you the language of Spain",
        "Lose weight in ten minutes a day",
    ),
    ("The software update fixes a security hole", "A new version closes a vulnerability", "The road crew fixes a hole"),
    (
        "He broke his leg while skiing",
        "An accident on the slopes fractured his bone",
        "He broke the record while swimming",
    ),
    ("The coffee machine does not heat up", "My espresso maker stays cold", "The debate about coffee prices heats up"),
    (
        "Solar panels lower the electricity bill",
        "Power from the sun saves households money",
        "Wooden panels cover the wall",
    ),
    (
        "The election was won by a narrow margin",
        "The candidate got only a few votes more than the rival",
        "The page was printed with a narrow margin",
    ),
)
"""Thirty."""

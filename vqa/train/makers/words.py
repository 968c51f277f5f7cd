"""Words of captions and what they tell: of places, times and weather, and of kinds of things.

A photograph with one of the words of "-" is not asked about: they leave it open.
"""

from vqa.train.makers.captions import table

IN_OR_OUT = """
    {}: indoors, kitchen, bathroom, restroom, bedroom, living room, dining room, hotel room, classroom, couch, fridge,
        refrigerator, bathtub, toilet, office, desk, gym, hallway, library, keyboard, stove, microwave, waiting room
    {}: outdoors, beach, street, road, field, mountain, mountains, ocean, forest, woods, lake, river, pasture, meadow,
        hillside, slope, slopes, surfing, highway, sidewalk, runway, tarmac, desert, farm, parking lot, trail, skiing,
        hill, cloudy sky, blue sky, savannah, harbor
    -: outside, outdoor, indoor, inside, patio, porch, deck, balcony, truck bed, flower bed
"""
LIGHT = """
    {}: sunny, sunlight, sunlit, daytime, day time, blue sky, during the day, cloudy day, clear day, bright day,
        afternoon, daylight, sunshine, nice day, warm day, hot day, summer day, rainy day, snowy day, overcast
    {}: at night, nighttime, night time, night sky, night scene, dark night, in the night, during the night
    -: night, sunset, dusk, dawn, sunrise, evening, twilight, dark, morning, setting, sun set, lit up
"""
WEATHER = table("""
    sunny: sunny, sunshine
    cloudy: cloudy, overcast, clouds
    rainy: rainy, raining, in the rain
    snowy: snowing, snowstorm, blizzard, falling snow, snow falling
    foggy: fog, foggy
    -: sun, blue, clear, cloud, snow, sunset, night, partly, shower, sunrise, sunlight
""")
SKY = table("""
    clear: clear sky, clear blue sky, cloudless, clear skies, clear blue skies, clear, blue sky, cloudless sky
    cloudy: cloudy, overcast, cloud filled, clouds
    -: cloud, partly, clear water, clear blue water, night, clear plastic, clear glass, clear vase
""")
SEASON = table("""
    winter: winter, snow, snowy, skiing, snowboarding, skiers, skier, snowboarder, skis, snowboard
    summer: summer, bikini, bikinis, swimsuit, bathing suit, sunbathing, swim trunks, sprinkler, swimming pool
    autumn: autumn, autumn leaves, fall leaves, fallen leaves
    -: spring, water skiing, water skis, jet skis, snowball fight inside, jet ski, water skier
""")
ROOM = table("""
    kitchen:
    bathroom: bathroom, restroom, toilet, urinal, urinals, bathtub, bath tub
    bedroom: bedroom, bed room
    living room: living room, livingroom
    dining room:
    office:
    classroom: classroom, class room
    hotel room:
    -: outside, street, yard, outdoors, outdoor, beach, truck, bus, airplane, train, portable, store, dormitory, dorm,
        car, field, alley, sidewalk, box, building, garage
""")
PLACE = table("""
    beach: beach, seashore
    street: street, sidewalk, intersection
    park: park
    field: grassy field, field, meadow, pasture
    forest: forest, woods
    mountains: mountain, mountains, ski slope, slope
    lake:
    river:
    ocean: ocean, sea
    airport: airport, runway, tarmac
    train station: train station, station platform, train platform
    zoo:
    restaurant: restaurant, cafe, diner
    store: store, grocery store, supermarket
    skate park: skate park, skatepark, skateboard park
    tennis court:
    baseball field: baseball field, baseball diamond, baseball game
    farm: farm
    playground:
    parking lot:
    desert:
    kitchen:
    bathroom: bathroom, restroom
    bedroom:
    living room:
    office:
    classroom:
    -: parking garage, water park, car park, theme park, amusement park, bus station, fire station, gas station,
        soccer field, football field, street light, street sign, park bench, out of, away, tennis, ballpark, baseball
""")
COUNTRY = table("""
    city: city, downtown, urban
    country: countryside, rural, farm, country road, pasture, pastures, meadow
    -: village, town, city park
""")
WILD = table("""
    zoo: zoo, enclosure, exhibit
    wild: wild, savannah, savanna, safari, grasslands, grassland, plains
""")

ANIMALS = table("""
    dog: dog, puppy
    cat: cat, kitten, kitty
    horse: horse, pony
    cow: cow, bull, calf
    sheep: sheep, lamb
    elephant:
    bear: bear, polar bear, grizzly bear
    zebra:
    giraffe:
    bird: bird, seagull, pigeon, parrot, owl, eagle, duck, goose, swan, pelican, hawk, peacock
    goat:
    monkey:
    rabbit: rabbit, bunny
    deer:
    camel:
    lion:
    -: cattle, oxen, pig, donkey, animal, animals, wildlife, ox, mule, hot dog, hot dogs, food, treat
""")
VEHICLES = table("""
    bus: bus, double decker bus, school bus
    train: train, passenger train, locomotive
    airplane: airplane, plane, jet, airliner, jetliner, biplane
    motorcycle: motorcycle, motorbike
    bicycle:
    truck: truck, pickup truck, fire truck, firetruck, tow truck
    boat: boat, sailboat, motorboat, canoe, kayak, rowboat
    ship: ship
    car: car, sedan
    van: van
    helicopter:
    scooter: scooter, moped
    tractor:
    -: carriage, wagon, cart, bike, trolley, tram, trailer, vehicle, vehicles, train car, train cars, bikes, taxi, cab,
        jeep, ferry, food truck, suv, traffic, subway
""")
FOODS = table("""
    pizza: pizza, pizzas
    sandwich: sandwich, sandwiches
    hot dog: hot dog, hot dogs, hotdog
    cake: cake, birthday cake, wedding cake
    donut: donut, donuts, doughnut, doughnuts
    burger: burger, hamburger, cheeseburger
    salad:
    soup:
    pasta: pasta, spaghetti
    french fries: french fries
    banana: banana, bananas
    apple: apple, apples
    orange: oranges
    broccoli:
    carrot: carrot, carrots
    -: fries, fruit, fruits, vegetables, desserts, dessert, meat, rice, chips, strawberries, tomatoes
""")
FRUITS = table("""
    banana: banana, bananas
    apple: apple, apples
    orange: oranges, tangerines
    lemon: lemon, lemons
    strawberry: strawberry, strawberries
    pineapple: pineapple, pineapples
    watermelon: watermelon
    grapes: grapes
    -: fruit, fruits, pears, peaches, peppers, carrots, tomatoes, vegetables, limes
""")
DESSERTS = table("""
    cake: cake, cakes, cupcake, cupcakes
    donut: donut, donuts, doughnut, doughnuts
    pie: pie
    ice cream: ice cream
    cookies: cookie, cookies
    -: desserts, pastries, fruit, pizza
""")
SPORTS = table("""
    tennis: tennis
    baseball: baseball, batter, home plate, umpire
    soccer: soccer
    football: football
    basketball: basketball
    volleyball: volleyball
    hockey: hockey
    golf: golf, golfing
    skiing: skiing, skier, skiers, skis, ski, cross country skiing
    snowboarding: snowboarding, snowboarder, snowboard, snowboarders
    surfing: surfing, surfer, surfboard, surfers, surfboards, surf board, surfs
    skateboarding: skateboarding, skateboard, skateboarder, skateboards, skate board, skateboarders, skateboarding
    frisbee: frisbee
    -: water ski, water skiing, jet ski, store, dog, dogs, car, skate, boogie board, cart, shirt, truck, kite, parked,
        wii, cat, video game, leaning, bedroom, resort, stored
""")
PEOPLE = table("""
    man: man, guy, gentleman
    woman: woman, lady
    boy:
    girl:
    baby: baby, infant
    -: men, women, people, boys, girls, babies, couple, family, kids, children, group, crowd, child, ladies, friends,
        guys, persons, players, baby elephant, baby giraffe, team, others, another, statue, person, toddler, kid, crew,
        skiers, surfers, zebra, giraffe, elephant, cow, sheep, bear, her mother, parents, baseball players, umpire
""")
